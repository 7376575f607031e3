# qianmo connect
ending-of-node = the node's: { $what }
ending-of-yours = yours: { $what }
list-taken = took a newer revocation list from the node
