"""A real Apache Kafka for development and tests: fetched, started and stopped from here.

The programs come from Maven Central by the pom.xml beside this file, once, into `.kafka/` at the
root of the checkout. What runs is Kafka itself under Java 17, one node or three, each broker and
controller in one process (KRaft), on loopback. It holds nothing back: what is acknowledged
survives `kill -9`. It is no way to run a country: no fsync before the acknowledgement, three
nodes on one disk, no password.
"""
