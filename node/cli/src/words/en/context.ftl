# qianmo context
context-damaged = { $path } does not parse; mend or remove it: { $error }
context-unknown = there is no context { $name }; `qianmo context ls` shows what there is
context-half-a-node = --node and --address belong together; give both or neither
context-missing = { $flag } is missing; give --identity DIR --node URI --address HOST:PORT, or keep them in a context: qianmo context add NAME --identity DIR --node URI --address HOST:PORT
context-next = next: { $command }
context-kept = kept context { $name }: { $node }
context-used = now in context { $name }: { $node }
context-forgotten = forgot context { $name }
