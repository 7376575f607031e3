# qianmo serve
serve-socket = the node's socket failed; its log has the details
serve-signals = signals cannot be received: { $error }
serve-listening = listening on { $address }

serve-for-tests = --crash-at and --clock are for tests; only debug builds have them
