# Words of enumerations, as they stand in documents and descriptors
role-node = node
role-admin = admin
role-steward = steward
role-consumer = consumer
role-auditor = auditor
output-aggregate = aggregate
output-update = update
state-requested = requested
state-finalized = finalized
state-terminated = terminated
state-running = running
state-held = held
state-released = released
state-withheld = withheld
state-failed = failed
