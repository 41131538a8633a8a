"""What stands beside a measure of the registry: what a team would write instead, and the machine.

`plain` and `store` are peers, tuned as well as their libraries allow; `limits` are what nothing
that does the work could exceed.
"""
