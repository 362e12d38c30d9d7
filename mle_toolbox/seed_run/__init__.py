"""One seed run seen from outside its script: what decides its numbers, and what became of it."""
