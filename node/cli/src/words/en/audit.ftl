# qianmo audit
verify-asks-no-node = `{ $flag }` is not read here: with --dir a copy is verified and no node is asked; leave it out
audit-no-entry = there is no entry { $seq }: the trail has { $size } entries, from 0
audit-size = { $size } { $size ->
    [one] entry
   *[other] entries
 } in all
verdict-verified = VERIFIED
verdict-tampered = TAMPERED
verdict-inconclusive = INCONCLUSIVE
verify-note = note: { $finding }
verify-no-folder = { $dir } is no folder; give a copy of the node's folder
memory-damaged = the remembered checkpoint { $path } does not parse ({ $error }); restore it, or remove it to start anew
