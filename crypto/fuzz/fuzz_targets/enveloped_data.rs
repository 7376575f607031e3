#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| qianmo_crypto_fuzz::enveloped_data(data));
