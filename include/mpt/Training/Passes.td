// SPDX-License-Identifier: Apache-2.0
#ifndef MPT_TRAINING_PASSES_TD
#define MPT_TRAINING_PASSES_TD
include "mlir/Pass/PassBase.td"

def DifferentiatePass : Pass<"mpt-differentiate-program", "::mlir::ModuleOp"> {
  let summary = "append loss, adjoints and updates: @step";
  let description = [{
    `@predict(inputs) -> outputs` becomes `@step(inputs, label) -> (totals,
    grad_norm)` as `mpt.config` asks (loss, optimizer, decay, clip). With x and
    mse(y,t):

    ```
    %w = mpt.read @w                          // and step.lr, step.count, step.stop
    %y = mpt.dot_general %x, %w .. {id = 0}
    %d = mpt.sub %y, %t {id = 1}              // loss, id 2 to 5
    ..
    %dw = mpt.dot_general %x, %dy .. {id = 9, adjoint_of = 0}
    %q = mpt.sum_squares %dw
    %tot = mpt.totals %loss, %stop, %q {names = ["loss", "stop", "w"]}
    ..                                        // norm, ok, clip
    %w.1 = mpt.opt_update sgd %w, %dw, %clip, %lr, %count, %ok
    mpt.write @w, %w.1
    return %tot, %norm
    ```

    Adjoints carry `adjoint_of`, the id of their forward op, ids after the
    largest one and the forward op's location. Cotangents of a value with
    several uses are added by one mpt.sum, last use first. Nothing is built for
    values that no trainable state reaches, and forward ops that do not lead to
    the loss are dropped. New states: the optimizer's (`w.exp_avg`,
    `w.exp_avg_sq`; `w.momentum_buffer`) and `step.lr`, `step.count`,
    `step.stop`.
  }];
}
def VerifyDifferentiatePass : Pass<"mpt-verify-differentiate", "::mlir::ModuleOp"> {
  let summary = "the form of phase 2 holds";
}
#endif
