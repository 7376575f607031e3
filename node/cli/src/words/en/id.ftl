# qianmo id
id-no-node = a node's key is made by `qianmo init`; choose another --role
id-next = next: have the CA sign it, then put the answer and these beside it: { $files }
id-there = { $path } is there already; choose another --dir
