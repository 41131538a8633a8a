"""HTTP without TLS, as all processes of a test speak it."""

import ssl

#: For `verify=`: by default each new client of httpx reads every certificate of the system first,
#: 25 ms of processor time, which a test that looks twenty times a second takes from all others.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
