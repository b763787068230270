"""What a sweep is asked for: its schema, its numbers, the presets."""
