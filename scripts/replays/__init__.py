"""What `tideline replay` does around its job: which records it reads, how far it is, what became of each of them."""
