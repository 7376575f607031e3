# qianmo connect
ending-of-node = the node's: { $what }
ending-of-yours = yours: { $what }
list-taken = took a newer revocation list from the node
person-no-key = { $path } is missing; make one with `qianmo id new`, or give the right folder with --identity
person-no-certificate = { $path } is missing; have the federation's CA sign id.csr (`qianmo ca issue`) and save its answer there
person-no-root = { $path } is missing; copy the federation's root certificate there
person-no-list = { $path } is missing; copy the federation's current list (`qianmo ca crl`) there
person-other-key = { $certificate } is not the certificate of { $key }; put the pair that was made together into one folder
list-offered = the revocation list offered: { $error }
unsigned = the document cannot be signed: { $error }
either-file = { $one } or { $other }
department-unknown = { $node } knows no node of { $department }, only of [{ $known }]; its admin can add one: qianmo peer add
address-unknown = `{ $address }` is not an address that can be found (write host:port): { $error }
