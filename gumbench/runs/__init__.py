"""From a spec to a finished run: cells, passes, the run folder, results in memory."""
