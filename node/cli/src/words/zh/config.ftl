# qianmo config
config-sound = 配置无误
