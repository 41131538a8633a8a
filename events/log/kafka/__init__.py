"""The log on Apache Kafka: intake and leaves are topics, PostgreSQL holds the index over them."""
