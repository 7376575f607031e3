//! L2-regularised logistic regression over several sites, by Newton's method.
//!
//! Minimises Σ log-loss + ½·l2·‖w‖² with the intercept unpenalised, on features standardised by the
//! pooled mean and population standard deviation: the objective of scikit-learn's
//! `LogisticRegression(C = 1 / l2)` after `StandardScaler`.
//!
//! Rounds: the sites send Σx; then Σ(x − mean) and Σ(x − mean)², so that no digit of the deviations is lost
//! where the means are large; then gradient and Hessian of the log-loss until the largest coefficient step is
//! under the tolerance; then, once, how many rows the model gets right. No row, and no number of one row,
//! leaves a site. A run of n Newton steps takes n + 3 rounds.
//!
//! Parameters: `target` (a column of 0 and 1), and optionally `table` (the only one), `features` (all
//! numeric columns but the target, in the order of the tables; sites may have them in different orders),
//! `max_rounds` (25 Newton steps), `l2` (1.0), `tolerance` (1e-10). With p features, vectors are `[p]`,
//! `[p+1]` and `[p+1, (p+1)/2+1]` (a Hessian's half), intercept first.
//!
//! Result: the vectors `mean`, `sd` and `w` (intercept first), the same with names (`w:(intercept)`,
//! `w:mean_radius`, `mean:mean_radius`, …), and `steps`, `samples`, `correct`, `accuracy`, `deviance`.

mod coordinator;
mod linalg;
mod logistic;
mod params;
mod site;
mod state;

use qianmo_guest::export_federated;

export_federated!(contribute: site::contribute, next: coordinator::next);
