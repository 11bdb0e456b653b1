// RUN: mpt-opt %s --mpt-verify-localize --verify-diagnostics --split-input-file

mpt.mesh <["pp"=2, "tp"=2], time ["micro"=2]>
// expected-error @+1 {{has type 'tensor<4xf32, #mpt.s<[{"tp"=2}]>>'; types of phase 6 are local and carry no encoding}}
func.func @s0_F(%x: tensor<4xf32, #mpt.s<[{"tp"=2}]>>) {
  return
}

// -----

mpt.mesh <["pp"=2, "tp"=2], time ["micro"=2]>
func.func @s0_F(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{belongs to an earlier phase}}
  %r = mpt.reshard %x : tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

mpt.mesh <["pp"=2, "tp"=2], time ["micro"=2]>
func.func @s0_F(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{names no axis; drop the op instead}}
  %a = mpt.all_reduce sum %x over [] {bytes = 16} : tensor<4xf32>
  // expected-error @+1 {{axis 'dp' is no device axis of the mesh}}
  %b = mpt.all_reduce sum %a over ["dp"] {bytes = 16} : tensor<4xf32>
  // expected-error @+1 {{axis 'micro' is no device axis of the mesh}}
  %c = mpt.all_reduce sum %b over ["micro"] {bytes = 16} : tensor<4xf32>
  // expected-error @+1 {{exchanges over 'pp' inside a task; stages exchange by mpt.transfer}}
  %d = mpt.all_reduce sum %c over ["pp"] {bytes = 16} : tensor<4xf32>
  // expected-error @+1 {{axis 'tp' stands twice}}
  %e = mpt.all_reduce sum %d over ["tp", "tp"] {bytes = 16} : tensor<4xf32>
  return %e : tensor<4xf32>
}

// -----

mpt.mesh <["tp"=2], time ["micro"=2]>
func.func @s0_F(%x: tensor<4xf32>) -> tensor<12xf32> {
  // expected-error @+1 {{shapes do not fit a group of 2: found 'tensor<4xf32>' to 'tensor<12xf32>'}}
  %r = mpt.all_gather %x over ["tp"] {bytes = 48, dim = 0} : tensor<4xf32> -> tensor<12xf32>
  return %r : tensor<12xf32>
}

// -----

mpt.mesh <["tp"=2], time ["micro"=2]>
func.func @s0_F(%x: tensor<7xf32>) -> tensor<3xf32> {
  // expected-error @+1 {{result has 3 elements in dim 0, the bound is 4}}
  %r = mpt.shard_slice %x {axes = ["tp"], dim = 0, size = 7} : tensor<7xf32> -> tensor<3xf32>
  return %r : tensor<3xf32>
}

// -----

// The offset speaks of 64 rows, the table is the half of 60.
mpt.mesh <["tp"=2], time ["micro"=2]>
func.func @s0_F(%t: tensor<30x2xf32>, %i: tensor<4xi64>, %n: tensor<i64>) -> (tensor<4x2xf32>, tensor<30x2xf32>) {
  %lo = mpt.shard_offset {axes = ["tp"], size = 64} : tensor<i64>
  // expected-error @+1 {{dim 0 of 'tensor<30x2xf32>' is no block of 64 elements over ["tp"], whose bound is 32}}
  %r = mpt.take %t, %i, %lo {axis = 0} : tensor<30x2xf32>, tensor<4xi64>, tensor<i64> -> tensor<4x2xf32>
  // expected-error @+1 {{takes a rank coordinate that is no shard_offset or shard_extent}}
  %m = mpt.mask_pad %t, %n {dim = 0, value = 0.0 : f32} : tensor<30x2xf32>, tensor<i64> -> tensor<30x2xf32>
  return %r, %m : tensor<4x2xf32>, tensor<30x2xf32>
}

// -----

mpt.mesh <["tp"=2], time ["micro"=2]>
mpt.state @w : tensor<7x4xf32> {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{"tp"=2}, {}]>>}
// expected-error @+1 {{binds 'tensor<3x4xf32>' to state @w, whose local part is 'tensor<4x4xf32>'}}
func.func @s0_F(%w: tensor<3x4xf32> {mpt.state = @w}) {
  return
}

// -----

mpt.mesh <["tp"=2], time ["micro"=2]>
// expected-note @+1 {{bound here}}
func.func @s0_F(%x: tensor<3xf32>) -> (tensor<3xf32> {mpt.save = "h"}) {
  return %x : tensor<3xf32>
}
// expected-error @+1 {{binds 'tensor<4xf32>' to mpt.save = "h", elsewhere it is 'tensor<3xf32>'}}
func.func @s0_B(%h: tensor<4xf32> {mpt.save = "h"}) {
  return
}
// Another stage has saved values of its own.
func.func @s1_B(%h: tensor<5xf32> {mpt.save = "h"}) {
  return
}

// -----

mpt.mesh <["pp"=2, "tp"=2], time ["micro"=2]>
mpt.transfer @h : tensor<4xf32> -> tensor<4xf32> {mode = "move", task = "F", from = 0 : i64, to = 1 : i64, over = ["pp"], bytes = 16 : i64}
// expected-error @+1 {{'bytes' is 12, its payload has 16}}
mpt.transfer @short : tensor<4xf32> -> tensor<4xf32> {mode = "move", task = "F", from = 0 : i64, to = 1 : i64, over = ["pp"], bytes = 12 : i64}
// expected-error @+1 {{needs 'over' and 'bytes'}}
mpt.transfer @bare : tensor<4xf32> -> tensor<4xf32> {mode = "move", task = "F", from = 0 : i64, to = 1 : i64}
// expected-error @+1 {{axis 'dp' is no device axis of the mesh}}
mpt.transfer @group : tensor<4xf32> -> tensor<4xf32> {mode = "sum", task = "NORM", among = array<i64: 0, 1>, over = ["pp", "dp"], bytes = 16 : i64}

// -----

mpt.mesh <["pp"=2, "tp"=2], time ["micro"=2]>
mpt.transfer @h : tensor<4xf32> -> tensor<4xf32> {mode = "move", task = "F", from = 0 : i64, to = 1 : i64, over = ["pp"], bytes = 16 : i64}
// expected-error @+1 {{binds 'tensor<3xf32>' to transfer @h, which moves 'tensor<4xf32>'}}
func.func @s0_F(%x: tensor<3xf32>) -> (tensor<3xf32> {mpt.send = @h}) {
  return %x : tensor<3xf32>
}

// -----

// Cuts follow from states: the classes of these logits lie on two ranks.
mpt.mesh <["tp"=2], time ["micro"=2]>
mpt.state @head : tensor<8x4xf32> {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{"tp"=2}, {}]>>}
func.func @s0_F(%w: tensor<4x4xf32> {mpt.state = @head}, %h: tensor<3x4xf32>, %labels: tensor<3xi64>, %seed: tensor<f32>) -> (tensor<f32>, tensor<3x4xf32>, tensor<3x4xf32>) {
  %z = mpt.dot_general %h, %w contract [1] x [1] : tensor<3x4xf32>, tensor<4x4xf32> -> tensor<3x4xf32>
  // expected-error @+1 {{'mpt.cross_entropy' op is whole, but dim 1 of operand 0 is cut over 'tp'}}
  %ls, %lse = mpt.cross_entropy %z, %labels {ignore_index = -100} : tensor<3x4xf32>, tensor<3xi64> -> tensor<f32>, tensor<3xf32>
  // expected-error @+1 {{'mpt.cross_entropy_grad' op counts positions in dim 1, which is cut over 'tp', but takes no offset}}
  %dz = mpt.cross_entropy_grad %z, %labels, %lse, %seed {ignore_index = -100} : tensor<3x4xf32>, tensor<3xi64>, tensor<3xf32>, tensor<f32> -> tensor<3x4xf32>
  // expected-error @+1 {{'mpt.take' op counts positions in dim 0, which is cut over 'tp', but takes no offset}}
  %r = mpt.take %w, %labels {axis = 0} : tensor<4x4xf32>, tensor<3xi64> -> tensor<3x4xf32>
  return %ls, %dz, %r : tensor<f32>, tensor<3x4xf32>, tensor<3x4xf32>
}
