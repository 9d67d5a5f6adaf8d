"""How Kafka and Redis are reached: addresses, logins and where their secrets lie, as their own clients read them."""
