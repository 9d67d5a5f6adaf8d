"""What a large log or clickstream takes of those who read it: memory and time of each way, at all rows and a tenth."""
