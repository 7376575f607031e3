# qianmo ca
ca-init-next = Give this file to every node and person, who compare the fingerprint by telephone.
ca-revoked = { $serial } revoked; it counts once nodes have a new list, so make one now: qianmo ca crl
ca-revoked-for = revoked ({ $reason })
ca-in-force = in force
ca-expired = expired
ca-unexpected = the request is for { $identity }, not for { $expected }; nothing was signed. Ask its sender what happened
ca-nobody-to-ask = there is no terminal to ask for confirmation; make sure of the request above, then say --expect { $identity } --yes
ca-question = Sign this request? Compare the key with its owner, by telephone.
