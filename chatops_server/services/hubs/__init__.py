"""One hub among others that share its database: what they tell and ask each other."""
