// RUN: mpt-opt %s --mpt-differentiate-program --verify-diagnostics --split-input-file

// All problems of the options at once.
// expected-error@below {{loss 'mse(y)' has 1 arguments; expected mse(PRED,TARGET)}}
// expected-error@below {{optimizer 'adamw{betas=[0.9],eps=-1,lr=0.1,momentum=0.9}' option 'betas' must be a list of 2 numbers, found '[0.9]'}}
// expected-error@below {{optimizer 'adamw{betas=[0.9],eps=-1,lr=0.1,momentum=0.9}' option 'eps' is -1.000000e+00; expected 0 or more}}
// expected-error@below {{optimizer 'adamw{betas=[0.9],eps=-1,lr=0.1,momentum=0.9}' has no option 'lr'; the learning rate is given at run time by --lr}}
// expected-error@below {{optimizer 'adamw{betas=[0.9],eps=-1,lr=0.1,momentum=0.9}' has no option 'momentum'; it has betas, eps, weight_decay}}
// expected-error@below {{clip is -2.000000e+00; expected a norm above 0, or no --clip}}
// expected-error@below {{decay '(' is no regular expression: parentheses not balanced}}
module attributes {mpt.config = {loss = "mse(y)", optimizer = "adamw{betas=[0.9],eps=-1,lr=0.1,momentum=0.9}", clip = -2.0 : f64, decay = "("}} {
  func.func @predict() {
    return
  }
}

// -----

// expected-error@below {{no loss is given; give --loss='cross_entropy(LOGITS,LABELS){ignore_index=N}', 'mse(PRED,TARGET)' or 'output:NAME', or --inference}}
// expected-error@below {{optimizer 'lion' is unknown; expected sgd, adam or adamw}}
module attributes {mpt.config = {optimizer = "lion"}} {
  func.func @predict() {
    return
  }
}

// -----

// expected-error@below {{loss 'hinge(y,t)' is unknown; expected 'cross_entropy(LOGITS,LABELS){ignore_index=N}', 'mse(PRED,TARGET)' or 'output:NAME'}}
// expected-error@below {{optimizer 'sgd{nesterov}' has nesterov without momentum; add momentum=0.9}}
module attributes {mpt.config = {loss = "hinge(y,t)", optimizer = "sgd{nesterov}"}} {
  func.func @predict() {
    return
  }
}

// -----

// expected-error@below {{loss 'cross_entropy(y,t' lacks ')'; expected NAME(ARGUMENT,...){KEY=VALUE,...}}}
// expected-error@below {{optimizer 'sgd{momentum=0.9' lacks '}' at its end; expected NAME(ARGUMENT,...){KEY=VALUE,...}}}
module attributes {mpt.config = {loss = "cross_entropy(y,t", optimizer = "sgd{momentum=0.9"}} {
  func.func @predict() {
    return
  }
}

// -----

// expected-error@below {{loss 'mse(y,t)x' has 'x' after its end; expected NAME(ARGUMENT,...){KEY=VALUE,...}}}
// expected-error@below {{optimizer 'sgd{momentum=1,momentum=2}' gives 'momentum' twice}}
module attributes {mpt.config = {loss = "mse(y,t)x", optimizer = "sgd{momentum=1,momentum=2}"}} {
  func.func @predict() {
    return
  }
}

// -----

// expected-error@below {{the module has no @predict; phase 1 (--mpt-import) makes it}}
module attributes {mpt.config = {loss = "output:l"}} {
}

// -----

module attributes {mpt.config = {loss = "cross_entropy(logits,x)"}} {
  // expected-error@below {{loss 'cross_entropy(logits,x)': no output is named 'logits'; the model's outputs are 'y' : tensor<4x3xf32>, 'n' : tensor<i64>}}
  // expected-error@below {{loss 'cross_entropy(logits,x)': 'x' is an input of the model already; the label is a new input, give it another name}}
  func.func @predict(%x: tensor<4x3xf32> {mpt.input = "x"}, %n: tensor<i64> {mpt.input = "n"}) -> (tensor<4x3xf32> {mpt.output = "y"}, tensor<i64> {mpt.output = "n"}) {
    return %x, %n : tensor<4x3xf32>, tensor<i64>
  }
}

// -----

module attributes {mpt.config = {loss = "cross_entropy(n,t)"}} {
  // expected-error@below {{loss 'cross_entropy(n,t)': logits must be floats with the classes on the last axis, found 'tensor<i64>'; the model's outputs are 'n' : tensor<i64>}}
  func.func @predict(%n: tensor<i64> {mpt.input = "n"}) -> (tensor<i64> {mpt.output = "n"}) {
    return %n : tensor<i64>
  }
}

// -----

module attributes {mpt.config = {loss = "output:y"}} {
  // expected-error@below {{loss 'output:y': a loss must be one float, found 'tensor<4xf32>'; the model's outputs are 'y' : tensor<4xf32>}}
  func.func @predict(%x: tensor<4xf32> {mpt.input = "x"}) -> (tensor<4xf32> {mpt.output = "y"}) {
    return %x : tensor<4xf32>
  }
}

// -----

// An op that says it has no gradient, between a parameter and the loss; an integer
// path is none.
module attributes {mpt.config = {loss = "mse(y,t)"}} {
  mpt.state @w : tensor<4xf32> {role = "parameter", trainable}
  func.func @predict() -> (tensor<4xf32> {mpt.output = "y"}) {
    %w = mpt.read @w : tensor<4xf32>
    %c = mpt.convert %w {id = 0} : tensor<4xf32> -> tensor<4xi64>
    %d = mpt.convert %c {id = 1} : tensor<4xi64> -> tensor<4xf32>
    // expected-error@below {{'mpt.gelu_grad' op has no gradient, but trainable parameters reach the loss through it; freeze them with --freeze}}
    %y = mpt.gelu_grad %w, %d {approx = "none", id = 2} : tensor<4xf32>
    return %y : tensor<4xf32>
  }
}

// -----

module attributes {mpt.config = {loss = "mse(y,t)"}} {
  mpt.state @w : tensor<4xf32> {role = "parameter", trainable}
  mpt.state @s : tensor<4xf32> {role = "parameter", trainable}
  mpt.state @b : tensor<4xf32> {role = "parameter", trainable}
  func.func @predict(%x: tensor<2x4xf32> {mpt.input = "x"}) -> (tensor<2xf32> {mpt.output = "y"}) {
    %s = mpt.read @s : tensor<4xf32>
    %b = mpt.read @b : tensor<4xf32>
    // expected-error@below {{'mpt.layer_norm' op has no gradient through its mean and deviation; compute them with other operators or freeze what follows}}
    %n, %mean, %rstd = mpt.layer_norm %x, %s, %b {axis = 1, eps = 1.0e-5, id = 0} : tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32> -> tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>
    return %mean : tensor<2xf32>
  }
}

// -----

// Parameters that do not reach the loss; then none is left.
// expected-error@below {{the loss depends on no trainable parameter; check --loss, --freeze and --train}}
module attributes {mpt.config = {loss = "mse(y,t)"}} {
  // expected-warning@below {{parameter 'w' does not reach the loss; it keeps its value}}
  mpt.state @w : tensor<4xf32> {role = "parameter", trainable}
  func.func @predict(%x: tensor<4xf32> {mpt.input = "x"}) -> (tensor<4xf32> {mpt.output = "y"}) {
    %w = mpt.read @w : tensor<4xf32>
    %f = mpt.floor %w {id = 0} : tensor<4xf32>
    %y = mpt.add %x, %f {id = 1} : tensor<4xf32>
    return %y : tensor<4xf32>
  }
}

// -----

module attributes {mpt.config = {loss = "mse(y,t)"}} {
  // expected-error@below {{parameter 'w' has elements of type 'f16', the loss has 'f32'; export the model in one float type or freeze 'w'}}
  mpt.state @w : tensor<4xf16> {role = "parameter", trainable}
  func.func @predict() -> (tensor<4xf32> {mpt.output = "y"}) {
    %w = mpt.read @w : tensor<4xf16>
    %y = mpt.convert %w {id = 0} : tensor<4xf16> -> tensor<4xf32>
    return %y : tensor<4xf32>
  }
}

// -----

module attributes {mpt.config = {loss = "mse(y,t)"}} {
  mpt.state @w : tensor<4xf32> {role = "parameter", trainable}
  // expected-error@below {{the optimizer needs the name 'w.exp_avg' for a state of its own; rename this one in the model}}
  mpt.state @w.exp_avg : tensor<4xf32> {role = "parameter"}
  func.func @predict() -> (tensor<4xf32> {mpt.output = "y"}) {
    %y = mpt.read @w : tensor<4xf32>
    return %y : tensor<4xf32>
  }
}
