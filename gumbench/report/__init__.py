"""From records to what people read: tables, verdicts, comparisons, formats."""
