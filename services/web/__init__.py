"""What the door and the query API share at their HTTP edge."""
