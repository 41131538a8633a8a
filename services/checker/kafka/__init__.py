"""What the checker reads of the log on Apache Kafka, in code of its own: chain rule and places."""
