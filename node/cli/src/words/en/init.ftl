# qianmo init
init-next = next: have the CA sign it, then put node.crt, root.crt and crl.pem beside it and start: qianmo serve --dir { $dir }
init-there = { $dir } holds a node already; choose another --dir
