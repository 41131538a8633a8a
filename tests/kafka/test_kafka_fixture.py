"""The broker that all tests of a run share."""

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient


def test_a_record_comes_back(kafka: str, topics: str) -> None:
    topic = f"{topics}.leaves"
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})
    admin.close()
    producer = KafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True)
    producer.send(topic, b"a leaf").get(10)
    producer.close()
    consumer = KafkaConsumer(bootstrap_servers=kafka, group_id=None)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    assert next(consumer).value == b"a leaf"
    consumer.close()
