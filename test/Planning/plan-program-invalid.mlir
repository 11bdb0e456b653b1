// RUN: mpt-opt %s --split-input-file --mpt-plan-program --verify-diagnostics

// All that is wrong with a mesh at once.
// expected-error@+4 {{mesh axis 'cp' is not supported yet; use pp, dp and tp}}
// expected-error@+3 {{mesh axis 'tp' has size 0; sizes start at 1}}
// expected-error@+2 {{unknown mesh axis 'xp'; expected pp, dp, cp, tp or ep}}
// expected-error@+1 {{the number of micro-batches is 0; it must be at least 1}}
module attributes {mpt.config = {mesh = {cp = 2 : i64, ep = 1 : i64, tp = 0 : i64, xp = 2 : i64}, microbatches = 0 : i64}} {
}

// -----

// expected-error@+1 {{expected one program, found 0}}
module attributes {} {
}

// -----

module attributes {mpt.config = {microbatches = 3 : i64, inference = true}} {
  // expected-error@+1 {{3 micro-batches do not divide the batch of 4 samples; choose a divisor for --microbatches or bind another batch}}
  func.func @predict(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<4x8xf32> {mpt.output = "y"}) {
    return %x : tensor<4x8xf32>
  }
}

// -----

module attributes {mpt.config = {mesh = {dp = 3 : i64}, microbatches = 2 : i64, inference = true}} {
  // expected-error@+1 {{dp=3 cuts micro-batches of 2 samples; lower dp or the number of micro-batches}}
  func.func @predict(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<4x8xf32> {mpt.output = "y"}) {
    return %x : tensor<4x8xf32>
  }
}

// -----

module attributes {mpt.config = {inference = true}} {
  // expected-error@+2 {{inputs disagree on the batch, their first dim: 'x' has 4, 'z' has 8}}
  // expected-error@+1 {{input 's' is a scalar; every input must have the batch as its first dim}}
  func.func @predict(%x: tensor<4x8xf32> {mpt.input = "x"}, %z: tensor<8x4xf32> {mpt.input = "z"}, %s: tensor<f32> {mpt.input = "s"}) -> (tensor<4x8xf32> {mpt.output = "y"}) {
    return %x : tensor<4x8xf32>
  }
}

// -----

module attributes {mpt.config = {mesh = {pp = 3 : i64}, inference = true}} {
  // expected-error@+1 {{3 stages are asked for, the model can be cut into 1 to 2; lower pp of --mesh or the number of --stages}}
  func.func @predict(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<4x8xf32> {mpt.output = "y"}) {
    %0 = mpt.tanh %x {id = 0} : tensor<4x8xf32> loc("a")
    %1 = mpt.exp %0 {id = 1} : tensor<4x8xf32> loc("b")
    return %1 : tensor<4x8xf32>
  }
}

// -----

// expected-error@+1 {{pp=2 needs at least 2 stages, --stages makes 1}}
module attributes {mpt.config = {mesh = {pp = 2 : i64}, stages = 1 : i64, inference = true}} {
  func.func @predict(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<4x8xf32> {mpt.output = "y"}) {
    %0 = mpt.tanh %x {id = 0} : tensor<4x8xf32> loc("a")
    %1 = mpt.exp %0 {id = 1} : tensor<4x8xf32> loc("b")
    return %1 : tensor<4x8xf32>
  }
}

// -----

module attributes {mpt.config = {stages = ["^c"], inference = true}} {
  // expected-error@+1 {{--stages: no node matches '^c'}}
  func.func @predict(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<4x8xf32> {mpt.output = "y"}) {
    %0 = mpt.tanh %x {id = 0} : tensor<4x8xf32> loc("a")
    return %0 : tensor<4x8xf32>
  }
}

// -----

module attributes {mpt.config = {stages = ["b", "a"], inference = true}} {
  // expected-error@+1 {{--stages: the first node that matches 'a', 'a', does not come after the stage before it has begun; name cuts in the order of the model}}
  func.func @predict(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<4x8xf32> {mpt.output = "y"}) {
    %0 = mpt.tanh %x {id = 0} : tensor<4x8xf32> loc("a")
    %1 = mpt.exp %0 {id = 1} : tensor<4x8xf32> loc("b")
    return %1 : tensor<4x8xf32>
  }
}

// -----

module attributes {mpt.config = {stages = ["("], inference = true}} {
  // expected-error@+1 {{--stages: '(' is no regular expression: parentheses not balanced}}
  func.func @predict(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<4x8xf32> {mpt.output = "y"}) {
    %0 = mpt.tanh %x {id = 0} : tensor<4x8xf32> loc("a")
    return %0 : tensor<4x8xf32>
  }
}

// -----

// expected-error@+1 {{unknown schedule 'zigzag'; expected gpipe, 1f1b or a file}}
module attributes {mpt.config = {schedule = "zigzag", inference = true}} {
  func.func @predict(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<4x8xf32> {mpt.output = "y"}) {
    %0 = mpt.tanh %x {id = 0} : tensor<4x8xf32> loc("a")
    return %0 : tensor<4x8xf32>
  }
}

// -----

// expected-error@+2 {{--schedule has 2 ranks, pp of --mesh says 1}}
// expected-error@+1 {{--schedule has 1 micro-batches, --microbatches says 2}}
module attributes {mpt.config = {microbatches = 2 : i64, schedule_text = "mpt.schedule v1 name=mine ranks=2 stages=2 mb=1 slices=1\0Aplace 0:1 1:0\0Arank 0: F1.0\0Arank 1: F0.0\0A", inference = true}} {
  func.func @predict(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<4x8xf32> {mpt.output = "y"}) {
    %0 = mpt.tanh %x {id = 0} : tensor<4x8xf32> loc("a")
    return %0 : tensor<4x8xf32>
  }
}

// -----

module attributes {mpt.config = {inference = true}} {
  // expected-error@+1 {{output "y" has no batch dim; every output must keep the first dim of the inputs}}
  func.func @predict(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<8xf32> {mpt.output = "y"}) {
    %0 = mpt.reduce sum %x {axes = [0], id = 0} : tensor<4x8xf32> -> tensor<8xf32>
    return %0 : tensor<8xf32>
  }
}

// -----

// What is wrong with --shard, all of it at once.
// expected-error@+10 {{--shard='v=[{}]': no parameter matches; --list-params lists their names}}
// expected-error@+9 {{--shard='w=[{}]': has 1 dims, parameter 'w' has 2}}
// expected-error@+8 {{--shard='w=[{xp}, {}]': unknown axis 'xp'; expected dp, cp, tp or ep}}
// expected-error@+7 {{--shard='w=[{tp}, {tp}]': axis 'tp' is used twice}}
// expected-error@+6 {{--shard='w=[{pp}, {}]': axis 'pp' cuts no parameter}}
// expected-error@+5 {{--shard='w=[{}, {tp}]': cuts dim 1 of parameter 'w', of size 1, into 2}}
// expected-error@+4 {{--shard='w': expected REGEX=[{}, {tp}]}}
// expected-error@+3 {{--shard='w=[{tp}': expected a list of dims like [{}, {tp}], found '[{tp}'}}
// expected-error@+2 {{--shard='w=[tp]': expected a list of dims like [{}, {tp}], found '[tp]'}}
// expected-error@+1 {{--shard='(=[{}, {}]': no regular expression: parentheses not balanced}}
module attributes {mpt.config = {mesh = {tp = 2 : i64}, inference = true, shard = ["v=[{}]", "w=[{}]", "w=[{xp}, {}]", "w=[{tp}, {tp}]", "w=[{pp}, {}]", "w=[{}, {tp}]", "w", "w=[{tp}", "w=[tp]", "(=[{}, {}]"]}} {
  mpt.state @w : tensor<8x1xf32> {role = "parameter"}
  func.func @predict(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<4x8xf32> {mpt.output = "y"}) {
    %0 = mpt.tanh %x {id = 0} : tensor<4x8xf32> loc("a")
    return %0 : tensor<4x8xf32>
  }
}

// -----

// What the adjoint of 'a' reads instead of a's own result stays in a's stage.
module attributes {mpt.config = {stages = ["b"], inference = true}} {
  // expected-error@+1 {{--stages: there can be no cut before 'b': the gradient of an op before it reads it}}
  func.func @predict(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<4x8xf32> {mpt.output = "y"}) {
    %0 = mpt.tanh %x {id = 0} : tensor<4x8xf32> loc("a")
    %1 = mpt.abs %0 {id = 1} : tensor<4x8xf32> loc("b")
    %2 = mpt.mul %1, %1 {id = 2, adjoint_of = 0} : tensor<4x8xf32> loc("a")
    return %2 : tensor<4x8xf32>
  }
}

// -----

module attributes {mpt.config = {stages = ["c"], inference = true}} {
  // expected-error@+1 {{--stages: there can be no cut before 'c': a sum over the batch would have to be sent}}
  func.func @predict(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<f32> {mpt.output = "y"}) {
    %0 = mpt.tanh %x {id = 0} : tensor<4x8xf32> loc("a")
    %1 = mpt.reduce sum %0 {axes = [0, 1], id = 1} : tensor<4x8xf32> -> tensor<f32> loc("b")
    %2 = mpt.abs %1 {id = 2} : tensor<f32> loc("c")
    return %2 : tensor<f32>
  }
}
