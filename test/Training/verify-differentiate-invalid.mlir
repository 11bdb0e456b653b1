// RUN: mpt-opt %s --mpt-verify-differentiate --verify-diagnostics --split-input-file

// expected-error@below {{the module has no @step; expected the output of phase 2}}
module {
}

// -----

// With inference there is only @predict.
module attributes {mpt.config = {inference = true}} {
  func.func @predict() {
    return
  }
}

// -----

module attributes {mpt.config = {loss = "output:l"}} {
  // expected-error@below {{has 0 mpt.totals, expected one}}
  // expected-error@below {{result 0 must be the metric 'totals'}}
  // expected-error@below {{result 1 must be the metric 'grad_norm'}}
  func.func @step() {
    return
  }
}

// -----

// One step of sgd on a scalar, with everything wrong that can be told apart: an
// id twice, an adjoint of an adjoint, a state written twice and without its
// update, names out of order, foreign uses of the step block and of ok.
module attributes {mpt.config = {loss = "output:l"}} {
  mpt.state @w : tensor<f32> {role = "parameter", trainable}
  mpt.state @v : tensor<f32> {role = "parameter"}
  // expected-error@below {{'w.momentum_buffer' is not written; expected one write in @step}}
  mpt.state @w.momentum_buffer : tensor<f32> {role = "optimizer", of = @w, source = #mpt.zero}
  mpt.state @step.lr : tensor<f32> {role = "counter"}
  mpt.state @step.count : tensor<i64> {role = "counter"}
  mpt.state @step.stop : tensor<f32> {role = "counter"}
  func.func @step() -> (tensor<3xf32> {mpt.metric = "totals"}, tensor<f32> {mpt.metric = "grad_norm"}) {
    %w = mpt.read @w : tensor<f32>
    %lr = mpt.read @step.lr : tensor<f32>
    %count = mpt.read @step.count : tensor<i64>
    %stop = mpt.read @step.stop : tensor<f32>
    %l = mpt.mul %w, %w {id = 0} : tensor<f32>
    // expected-error@below {{id 0 is given twice}}
    %one = mpt.constant {value = 1.0 : f32, id = 0} : tensor<f32>
    %a = mpt.mul %one, %w {id = 1, adjoint_of = 0} : tensor<f32>
    // expected-error@below {{adjoint of op 1, which is an adjoint itself; expected a forward op}}
    %b = mpt.add %a, %a {id = 2, adjoint_of = 1} : tensor<f32>
    // expected-error@below {{uses step.stop; expected only totals to use it}}
    %c = mpt.add %b, %stop {id = 3} : tensor<f32>
    %q = mpt.sum_squares %b : tensor<f32>
    // expected-error@below {{names must be loss, stop and the 1 trainable states in order}}
    %tot = mpt.totals %l, %stop, %q {names = ["loss", "w", "stop"]} : tensor<f32>, tensor<f32>, tensor<f32> -> tensor<3xf32>
    %ok = mpt.is_finite %q : tensor<f32> -> tensor<i1>
    // expected-error@below {{uses ok; expected only updates to use it}}
    %n = mpt.not %ok : tensor<i1>
    %norm = mpt.sqrt %q : tensor<f32>
    %new = mpt.opt_update sgd %w, %b, %norm, %lr, %count, %ok {decay = 0.0} : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<i64>, tensor<i1> -> tensor<f32>
    mpt.write @w, %new : tensor<f32>
    // expected-error@below {{'w' is written twice}}
    // expected-error@below {{'w' is not written with the result of the update of 'w'}}
    mpt.write @w, %norm : tensor<f32>
    // expected-error@below {{'v' is written but is neither trainable nor the state of a trainable parameter}}
    mpt.write @v, %new : tensor<f32>
    return %tot, %norm : tensor<3xf32>, tensor<f32>
  }
}
