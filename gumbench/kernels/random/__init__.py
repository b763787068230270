"""Random numbers: Philox, variates, arrays of noise."""
