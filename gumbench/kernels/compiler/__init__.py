"""How functions are compiled, kept and vectorised."""
