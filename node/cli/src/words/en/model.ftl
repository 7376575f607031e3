# qianmo model
push-everywhere-or-on = `--everywhere` brings the model to all nodes, `--on` to one; give one of them
model-no-label = its file name makes no label; give one with --name
model-unreadable = { $path } cannot be read: { $error }; give a .wasm file or a shipped model: { $names }
model-several = several models are called { $given }; choose by digest: { $digests }
model-bringing = the node checks and compiles the model
model-compiling = checking and compiling the model
model-there = there
model-not-at = { $node } (bring it with `qianmo model push`)
