"""A ledger and a provider's side made from one seed, with differences of every class planted in them."""
