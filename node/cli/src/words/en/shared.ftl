# What several commands say
error-plain = error: { $message }
error-coded = error [{ $code }]: { $message }
at = { $place }: { $message }

usage-no-command = there is no command `{ $given }`
usage-no-argument = there is no argument `{ $given }` here
usage-hinted = { $mistake }; did you mean `{ $hint }`?
usage-missing = this is missing: { $given }
usage-conflict = `{ $given }` cannot be used with `{ $other }`
usage-no-value = `{ $argument }` needs a value
usage-choice = `{ $given }` is no value of `{ $argument }`; choose one of: { $choices }
usage-value = `{ $given }` is no value of `{ $argument }`: { $reason }
usage-other = { $text }
usage-help = For more information, try `--help`.

not-signed = not signed; nothing has changed
stdout-unwritable = standard output cannot be written: { $error }
nobody-to-ask = there is no terminal to ask for confirmation; say --yes if you mean it
terminal-unreadable = the terminal cannot be read: { $error }
unserialisable = the answer does not serialise: { $error }
file-lost = { $path } cannot be found: { $error }
file-unreadable = { $path } cannot be read: { $error }
file-unwritable = { $path } cannot be written: { $error }
folder-unmade = { $path } cannot be made: { $error }
pick-none = there is no { $what } { $given } here that you may see; `qianmo { $noun } ls` lists them
pick-several = { $given } stands for several: { $ids }; give more of the id
thing-request = request
thing-contract = contract
thing-job = job
thing-model = model
thing-other = object
no-home = neither QIANMO_HOME nor HOME is set; set QIANMO_HOME to a folder
no-program = this program's own file cannot be found: { $error }
no-threads = the threads do not start: { $error }
no-time = `{ $text }` is no time: write 30d, 12h, a date (2026-12-31, to the end of that day here) or 2026-12-31T12:00:00+08:00
time-passed = `{ $text }` has passed already
list-more = these are the newest { $count }; there are more: --all shows all, --since, --state and others fewer
