"""What the Kafka of a development machine tells the person who started it."""


class KafkaClusterError(Exception):
    """The cluster cannot run; the message says what to do about it."""
