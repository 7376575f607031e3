# qianmo request
request-goes-elsewhere = a request goes to the department of its dataset, { $department }, and not to that of --on; leave --on out
terms-params-fixed = fixed, digest { $digest }
terms-params-any = any
terms-strings = with text columns
request-too-far = the end of use is more than { $days } days away; ask for a nearer one, and again later
request-question = Sign these terms for your department?
request-empty = { $flag } is empty; the provider must know, so say it
