"""The journal: what a store keeps, and what no crash takes away."""
