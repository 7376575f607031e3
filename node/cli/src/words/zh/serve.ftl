# qianmo serve
serve-socket = 节点的网络套接字失效；详情见节点日志
serve-signals = 无法接收信号：{ $error }
serve-listening = 正在监听 { $address }

serve-for-tests = --crash-at 和 --clock 仅供测试，只有调试构建才有
