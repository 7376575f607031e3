//! A dataset read to its last row before it is listed: on a thread of its own, in bounded time, few at once.

use std::{sync::Arc, time::Duration};

use qianmo_data::{DataError, check};
use qianmo_proto::{ErrorCode, WireError};
use tokio::{runtime::Handle, task::spawn_blocking, time};

use super::descriptor::Descriptor;
use crate::rooms::{READINGS, Works};

/// Reads the dataset of `descriptor` as a job would, and adds what it found. Takes twice the limit at most: once
/// for a place, once to read.
pub(crate) async fn check_through(works: &Works, descriptor: Descriptor) -> Result<Descriptor, WireError> {
    let limit = works.config.limits.check;
    let Ok(Ok(place)) = time::timeout(limit, Arc::clone(&works.readings).acquire_owned()).await else {
        let text = format!("{READINGS} other datasets are being read; try again when they are listed");
        return Err(WireError::new(ErrorCode::Busy, text));
    };
    let (mut stop, runtime) = (works.stopping(), Handle::current());
    let reading = spawn_blocking(move || {
        // Held until the engine has let go, which a view that computes much for one batch may put off.
        let _place = place;
        runtime.block_on(async {
            tokio::select! {
                biased;
                () = time::sleep(limit) => Err(too_long(limit)),
                _ = stop.wait_for(|stop| *stop) => {
                    Err(WireError::new(ErrorCode::ShuttingDown, "the node is shutting down"))
                }
                read = read(descriptor) => read.map_err(|e| WireError::new(ErrorCode::Dataset, e.to_string())),
            }
        })
    });
    match time::timeout(limit, reading).await {
        Ok(Ok(read)) => read,
        Ok(Err(e)) => Err(WireError::new(ErrorCode::Internal, e.to_string())),
        Err(_) => Err(too_long(limit)),
    }
}

async fn read(descriptor: Descriptor) -> Result<Descriptor, DataError> {
    let checked = check(&descriptor.spec).await?;
    descriptor.check_policy().await?;
    Ok(descriptor.checked(checked.rows))
}

fn too_long(limit: Duration) -> WireError {
    let seconds = limit.as_secs();
    let text = format!(
        "the dataset was not read to its end within {seconds} s: make its view smaller (a join without a condition \
         multiplies the rows), or have the node's admin raise check_s under [limits] in qianmo.toml"
    );
    let zh = format!(
        "未能在 {seconds} 秒内读完数据集：请缩小视图（没有条件的连接会使行数相乘），\
         或请系统管理员提高 qianmo.toml 中 [limits] 的 check_s"
    );
    WireError::new(ErrorCode::Dataset, text).with_zh(zh)
}
