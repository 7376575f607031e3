# qianmo ca
ca-init-next = 请将此文件分发给所有节点和人员，并由其通过电话核对指纹。
ca-revoked = { $serial } 已撤销；各节点取得新的证书撤销列表后生效，请立即生成：qianmo ca crl
ca-revoked-for = 已撤销（{ $reason }）
ca-in-force = 有效
ca-expired = 已过期
ca-unexpected = 该请求的身份是 { $identity }，而非 { $expected }；未签发。请向提交人核实
ca-nobody-to-ask = 没有可供确认的终端；请先核实上述请求，再加上 --expect { $identity } --yes
ca-question = 签发此证书请求？请先与申请人通过电话核对密钥指纹。
