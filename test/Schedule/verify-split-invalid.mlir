// RUN: mpt-opt %s --mpt-verify-split --verify-diagnostics --split-input-file

// Names and stages.
mpt.schedule_header "gpipe" {micro = 1 : i64, place = array<i64: 0>, stages = 1 : i64, tasks = "F"}
// expected-error @+1 {{function 'main' is no task; expected the name s<stage>_<TASK> with one of F, B, WGT, RS, NORM, OPT}}
func.func @main() {
  return
}
// expected-error @+1 {{function 's0_SYNC' is no task; expected the name s<stage>_<TASK> with one of F, B, WGT, RS, NORM, OPT}}
func.func @s0_SYNC() {
  return
}
// expected-error @+1 {{function 's00_F' is no task; expected the name s<stage>_<TASK> with one of F, B, WGT, RS, NORM, OPT}}
func.func @s00_F() {
  return
}
// expected-error @+1 {{task 's1_F' names stage 1; the header has 1 stages, counted from 0}}
func.func @s1_F() {
  return
}
// expected-error @+1 {{task 's0_F' has 0 blocks; expected one}}
func.func private @s0_F()

// -----

// A stage without F.
// expected-error @+1 {{stage 1 has no task 's1_F'; expected one per stage}}
mpt.schedule_header "gpipe" {micro = 1 : i64, place = array<i64: 0, 0>, stages = 2 : i64, tasks = "F"}
func.func @s0_F() {
  return
}

// -----

// Bindings of one function.
mpt.schedule_header "gpipe" {micro = 1 : i64, place = array<i64: 0>, stages = 1 : i64, tasks = "F"}
// expected-error @+6 {{argument 0 of task 's0_F' has 0 bindings; expected one attribute that says what it is bound to}}
// expected-error @+5 {{argument 1 of task 's0_F' has 2 bindings; expected one attribute that says what it is bound to}}
// expected-error @+4 {{argument 2 of task 's0_F' has 'mpt.state = "w"'; expected a symbol for states, gradients, transfers and accumulators of parameters, a string for the others}}
// expected-error @+3 {{argument 3 of task 's0_F' is bound by 'mpt.grad'; expected mpt.state, mpt.input, mpt.once, mpt.recv, mpt.acc}}
// expected-error @+2 {{argument 5 of task 's0_F' has 'mpt.input = "x"', as has argument 4; expected it once}}
// expected-error @+1 {{result 0 of task 's0_F' is bound by 'mpt.state'; expected mpt.send, mpt.acc, mpt.save, mpt.output}}
func.func @s0_F(%0: tensor<4xf32>, %1: tensor<4xf32> {mpt.input = "y", mpt.state = @w}, %2: tensor<4xf32> {mpt.state = "w"},
    %3: tensor<4xf32> {mpt.grad = @w}, %4: tensor<4xf32> {mpt.input = "x"}, %5: tensor<4xf32> {mpt.input = "x"})
    -> (tensor<4xf32> {mpt.state = @w}) {
  return %4 : tensor<4xf32>
}

// -----

// Bodies: the axis micro, points, values from elsewhere.
mpt.schedule_header "gpipe" {micro = 2 : i64, place = array<i64: 0>, stages = 1 : i64, tasks = "F B"}
mpt.state @w : tensor<4xf32> {role = "parameter", trainable}
// expected-error @+1 {{type 'tensor<4xf32, #mpt.s<[{"micro"=2}]>>' in task 's0_F' mentions axis 'micro'; expected the type of one micro-batch, or of a sum that has ended}}
func.func @s0_F(%x: tensor<4xf32, #mpt.s<[{"micro"=2}]>> {mpt.input = "x"}) {
  // expected-error @+1 {{found point 1 in task 's0_F', expected 0; points count up from 0}}
  mpt.point 1
  mpt.point 2
  // expected-error @+1 {{found point 2 in task 's0_F', expected 3; points count up from 0}}
  mpt.point 2
  // expected-error @+1 {{'mpt.read' in task 's0_F'; values come from arguments and leave by results only}}
  %w = mpt.read @w : tensor<4xf32>
  return
}
// expected-error @+1 {{result 0 of task 's0_WGT' has type 'tensor<4xf32, #mpt.s<[{"micro"=2}]>>', which varies by micro-batch; expected a value of the whole step}}
func.func @s0_WGT(%x: tensor<4xf32, #mpt.s<[{"micro"=2}]>> {mpt.inputs = "x"}) -> (tensor<4xf32, #mpt.s<[{"micro"=2}]>> {mpt.once = "v0"}) {
  return %x : tensor<4xf32, #mpt.s<[{"micro"=2}]>>
}

// -----

// Accumulators of one function.
mpt.schedule_header "gpipe" {micro = 2 : i64, place = array<i64: 0, 0>, stages = 2 : i64, tasks = "F B"}
// expected-error @+4 {{accumulator 'a' is an argument of task 's0_B' but no result; expected it to be read once and written once}}
// expected-error @+3 {{accumulator 'b' is a result of task 's0_B' but no argument; expected it to be read once and written once}}
// expected-error @+2 {{accumulator 'c' of task 's0_B' returns no sum that starts with its argument; expected 'mpt.accumulate'}}
// expected-error @+1 {{task 's0_B' adds nothing to accumulator 'd'}}
func.func @s0_B(%a: tensor<4xf32> {mpt.acc = @a}, %c: tensor<4xf32> {mpt.acc = @c}, %d: tensor<4xf32> {mpt.acc = @d}, %x: tensor<4xf32> {mpt.input = "x"})
    -> (tensor<4xf32> {mpt.acc = @b}, tensor<4xf32> {mpt.acc = @c}, tensor<4xf32> {mpt.acc = @d}) {
  return %x, %x, %d : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
// expected-error @+1 {{accumulator 'e' of task 's1_B' is read as 'tensor<4xf32>' and written as 'tensor<2xf32>'; expected one type}}
func.func @s1_B(%x: tensor<4xf32> {mpt.input = "x"}, %y: tensor<2xf32> {mpt.input = "y"}, %a: tensor<4xf32> {mpt.acc = @a}, %e: tensor<4xf32> {mpt.acc = @e})
    -> (tensor<4xf32> {mpt.acc = @a}, tensor<2xf32> {mpt.acc = @e}) {
  // expected-error @+1 {{accumulator 'a' of task 's1_B' has 2 uses between two sums; expected one}}
  %0 = mpt.accumulate %a, %x : tensor<4xf32>
  %1 = mpt.accumulate %a, %0 : tensor<4xf32>
  return %0, %y : tensor<4xf32>, tensor<2xf32>
}

// -----

// Transfers: no producer, no consumer, other types, other tasks, no such name.
mpt.schedule_header "gpipe" {micro = 2 : i64, place = array<i64: 0, 1>, stages = 2 : i64, tasks = "F"}
// expected-error @+2 {{transfer 'a' is not sent by task 's0_F'; expected one result there}}
// expected-error @+1 {{transfer 'a' is not received by task 's1_F'; expected one argument there}}
mpt.transfer @a : tensor<4xf32> -> tensor<4xf32> {from = 0 : i64, mode = "move", task = "F", to = 1 : i64}
mpt.transfer @b : tensor<4xf32> -> tensor<4xf32> {from = 0 : i64, mode = "move", task = "F", to = 1 : i64}
mpt.transfer @c : tensor<4xf32> -> tensor<4xf32> {from = 0 : i64, mode = "move", task = "F", to = 1 : i64}
// expected-error @+1 {{a move of task 'RS'; expected F or B}}
mpt.transfer @d : tensor<4xf32> -> tensor<4xf32> {from = 0 : i64, mode = "move", task = "RS", to = 1 : i64}
// expected-error @+1 {{a sum of task 'acc'; expected NORM, or acc with 'of'}}
mpt.transfer @e : tensor<4xf32> -> tensor<4xf32> {among = array<i64: 0, 1>, mode = "sum", task = "acc"}
func.func @s0_F(%x: tensor<4xf32> {mpt.input = "x"}) -> (tensor<4xf32> {mpt.send = @b}, tensor<4xf32> {mpt.send = @c}) {
  return %x, %x : tensor<4xf32>, tensor<4xf32>
}
// expected-error @+3 {{argument 0 of task 's1_F' has type 'tensor<2xf32>'; expected 'tensor<4xf32>' of transfer 'b'}}
// expected-error @+2 {{argument 2 of task 's1_F' names transfer 'f', which does not exist}}
// expected-error @+1 {{result 0 of task 's1_F' is sent by transfer 'c', which names other tasks}}
func.func @s1_F(%b: tensor<2xf32> {mpt.recv = @b}, %c: tensor<4xf32> {mpt.recv = @c}, %f: tensor<4xf32> {mpt.recv = @f})
    -> (tensor<4xf32> {mpt.send = @c}) {
  return %c : tensor<4xf32>
}

// -----

// Values between the tasks of a stage.
mpt.schedule_header "gpipe" {micro = 2 : i64, place = array<i64: 0>, stages = 1 : i64, tasks = "F B"}
mpt.state @w : tensor<4xf32> {role = "parameter", trainable}
// expected-error @+2 {{result 0 of task 's0_F' makes 'mpt.save = "v0"', which no argument of 's0_B' reads}}
// expected-error @+1 {{argument 2 of task 's0_F' reads 'mpt.once = "v9"', which no task makes; expected a result of 's0_WGT'}}
func.func @s0_F(%w: tensor<4xf32> {mpt.state = @w}, %x: tensor<4xf32> {mpt.input = "x"}, %o: tensor<f32> {mpt.once = "v9"})
    -> (tensor<4xf32> {mpt.save = "v0"}, tensor<4xf32> {mpt.save = "v1"}) {
  return %x, %x : tensor<4xf32>, tensor<4xf32>
}
// expected-error @+4 {{argument 0 of task 's0_B' has 'mpt.input = "x"' of type 'tensor<2xf32>'; expected 'tensor<4xf32>', as argument 1 of task 's0_F' has}}
// expected-error @+3 {{argument 1 of task 's0_B' has 'mpt.save = "v1"' of type 'tensor<2xf32>'; expected 'tensor<4xf32>', as result 1 of task 's0_F' has}}
// expected-error @+2 {{argument 2 of task 's0_B' reads 'mpt.save = "v2"', which no task makes; expected a result of 's0_F'}}
// expected-error @+1 {{accumulator 'w' of stage 0 is not zeroed after the step; expected a result of 's0_OPT'}}
func.func @s0_B(%x: tensor<2xf32> {mpt.input = "x"}, %v1: tensor<2xf32> {mpt.save = "v1"}, %v2: tensor<4xf32> {mpt.save = "v2"}, %acc: tensor<4xf32> {mpt.acc = @w})
    -> (tensor<4xf32> {mpt.acc = @w}) {
  %0 = mpt.accumulate %acc, %v2 : tensor<4xf32>
  return %0 : tensor<4xf32>
}
// expected-error @+1 {{result 0 of task 's0_WGT' makes 'mpt.once = "v8"', which no task of the stage reads}}
func.func @s0_WGT(%x: tensor<f32> {mpt.inputs = "x"}) -> (tensor<f32> {mpt.once = "v8"}) {
  return %x : tensor<f32>
}
// expected-error @+2 {{result 0 of task 's0_RS' makes 'mpt.grad = @w', which no argument of 's0_OPT' reads}}
// expected-error @+1 {{the norm counts the gradient of 'w' on stages []; expected one stage}}
func.func @s0_RS(%acc: tensor<4xf32> {mpt.acc = @w}) -> (tensor<4xf32> {mpt.grad = @w}) {
  return %acc : tensor<4xf32>
}

// -----

// States.
mpt.schedule_header "gpipe" {micro = 2 : i64, place = array<i64: 0>, stages = 1 : i64, tasks = "F B"}
// expected-error @+1 {{trainable state 'w' is written by OPT of stages []; expected [0], which use it}}
mpt.state @w : tensor<4xf32> {role = "parameter", trainable}
// expected-error @+1 {{trainable state 'unused' is written by OPT of stages []; expected one stage}}
mpt.state @unused : tensor<4xf32> {role = "parameter", trainable}
// expected-error @+1 {{state 'w.m' is written by OPT of stages [0]; expected [], as its parameter 'w'}}
mpt.state @w.m : tensor<4xf32> {of = @w, role = "optimizer"}
mpt.state @mean : tensor<4xf32> {role = "buffer"}
// expected-error @+1 {{argument 1 of task 's0_F' names state 'v', which does not exist}}
func.func @s0_F(%w: tensor<4xf32> {mpt.state = @w}, %v: tensor<4xf32> {mpt.state = @v}) {
  return
}
// expected-error @+3 {{argument 0 of task 's0_OPT' has type 'tensor<2xf32>'; expected that of state 'mean', 'tensor<4xf32>'}}
// expected-error @+2 {{result 0 of task 's0_OPT' has type 'tensor<2xf32>'; expected that of state 'mean', 'tensor<4xf32>'}}
// expected-error @+1 {{result 0 of task 's0_OPT' writes state 'mean'; expected only trainable parameters and their optimizer states to be written}}
func.func @s0_OPT(%mean: tensor<2xf32> {mpt.state = @mean}, %m: tensor<4xf32> {mpt.state = @w.m}) -> (tensor<2xf32> {mpt.state = @mean}, tensor<4xf32> {mpt.state = @w.m}) {
  return %mean, %m : tensor<2xf32>, tensor<4xf32>
}

// -----

// A parameter on two stages; ops that stand twice.
mpt.schedule_header "gpipe" {micro = 2 : i64, place = array<i64: 0, 1>, stages = 2 : i64, tasks = "F B"}
// expected-error @+2 {{state 'w' has replicas on stages [0]; expected [0, 1], which use it}}
// expected-error @+1 {{trainable state 'w' is written by OPT of stages [0]; expected [0, 1], which use it}}
mpt.state @w : tensor<4xf32> {role = "parameter", trainable}
mpt.replicas @w {among = array<i64: 0>, count = 1 : i64}
func.func @s0_F(%w: tensor<4xf32> {mpt.state = @w}, %x: tensor<4xf32> {mpt.input = "x"}) -> (tensor<4xf32> {mpt.save = "v3"}) {
  %0 = mpt.neg %w {id = 0, stage = 0} : tensor<4xf32>
  %1 = mpt.mul %0, %x {id = 1, stage = 0} : tensor<4xf32>
  %2 = mpt.exp %1 {id = 2, stage = 0} : tensor<4xf32>
  return %2 : tensor<4xf32>
}
func.func @s1_F(%w: tensor<4xf32> {mpt.state = @w}, %x: tensor<4xf32> {mpt.input = "x"}) {
  %0 = mpt.neg %w {id = 0, stage = 0} : tensor<4xf32>
  // expected-error @+1 {{'mpt.mul' with id 1 stands in tasks 's0_F' and 's1_F'; expected one, or the mark 'recompute' on a clone}}
  %1 = mpt.mul %0, %x {id = 1, stage = 0} : tensor<4xf32>
  return
}
func.func @s0_B(%v3: tensor<4xf32> {mpt.save = "v3"}) {
  %2 = mpt.exp %v3 {id = 2, recompute, stage = 0} : tensor<4xf32>
  return
}
// expected-error @+1 {{the norm counts the gradient of 'w' on stages [0]; expected [1] of 'mpt.replicas'}}
func.func @s0_RS(%x: tensor<4xf32> {mpt.once = "x"}) -> (tensor<4xf32> {mpt.grad = @w}) {
  return %x : tensor<4xf32>
}
func.func @s0_WGT(%x: tensor<4xf32> {mpt.inputs = "x"}) -> (tensor<4xf32> {mpt.once = "x"}) {
  return %x : tensor<4xf32>
}
func.func @s0_NORM(%g: tensor<4xf32> {mpt.grad = @w}) {
  return
}
func.func @s0_OPT(%g: tensor<4xf32> {mpt.grad = @w}) -> (tensor<4xf32> {mpt.state = @w}) {
  return %g : tensor<4xf32>
}
