"""`sijill bench`: how fast the registry is, beside what a team would write instead."""
