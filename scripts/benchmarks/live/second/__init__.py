"""One second under load: what ran when, and how late lists were. Rooms: live, localstack."""
