"""One seed run seen from outside its script: its identity, its code, and how it ended."""
