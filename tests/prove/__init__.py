"""The proof: the whole system over real databases under load, each snapshot restored and examined."""
