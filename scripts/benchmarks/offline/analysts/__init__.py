"""What a large log takes of those who read it: memory and time of each way, at all of its rows and at a tenth."""
