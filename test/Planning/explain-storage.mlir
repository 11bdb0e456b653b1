// RUN: mpt-opt %s --mpt-plan | FileCheck %s

// With mpt.explain every parameter says why it is stored so, and what another
// way would move per micro-batch (of 2) and data rank (of 2): the first result
// has 8 x 16 floats, 128 bytes of it are one slice.
!X = tensor<8x8xf32>
!A = tensor<8x16xf32>
module @layers attributes {mpt.explain, mpt.config = {mesh = {tp = 2 : i64, dp = 2 : i64}, microbatches = 2 : i64, inference = true, shard = ["given=[{}, {}]"]}} {
  // CHECK: mpt.state @table {{.*}}mpt.why = "by rows: each rank looks up its own, the result is summed for 64 bytes; whole it would lie on every rank"
  mpt.state @table : tensor<10x8xf32> {role = "parameter"}
  // CHECK: mpt.state @scale {{.*}}mpt.why = "whole: meets nothing that is cut"
  mpt.state @scale : tensor<8xf32> {role = "parameter"}
  // CHECK: mpt.state @up {{.*}}mpt.why = "by columns: its input is whole, nothing moves; by rows the result would be summed for 128 bytes"
  mpt.state @up : tensor<8x16xf32> {role = "parameter"}
  // CHECK: mpt.state @bias {{.*}}mpt.why = "cut with the value that it meets; whole it would be sliced by each rank, its gradient gathered"
  mpt.state @bias : tensor<16xf32> {role = "parameter"}
  // CHECK: mpt.state @down {{.*}}mpt.why = "by rows: its input is cut, the result is summed for 64 bytes; by columns the input would be gathered for half of 128 bytes"
  mpt.state @down : tensor<16x8xf32> {role = "parameter"}
  // CHECK: mpt.state @given {{.*}}mpt.why = "as --shard says"
  mpt.state @given : tensor<8x8xf32> {role = "parameter"}
  func.func @predict(%i: tensor<8xi64> {mpt.input = "i"}) -> (!X {mpt.output = "y"}) {
    %t = mpt.read @table : tensor<10x8xf32>
    %s = mpt.read @scale : tensor<8xf32>
    %w0 = mpt.read @up : tensor<8x16xf32>
    %b0 = mpt.read @bias : tensor<16xf32>
    %w1 = mpt.read @down : tensor<16x8xf32>
    %w2 = mpt.read @given : tensor<8x8xf32>
    %x = mpt.take %t, %i {axis = 0, id = 0} : tensor<10x8xf32>, tensor<8xi64> -> !X
    %c = mpt.broadcast %s {dims = [1], id = 1} : tensor<8xf32> -> !X
    %n = mpt.mul %x, %c {id = 2} : !X
    %f = mpt.dot_general %n, %w0 contract [1] x [0] {id = 3} : !X, tensor<8x16xf32> -> !A
    %b = mpt.broadcast %b0 {dims = [1], id = 4} : tensor<16xf32> -> !A
    %a = mpt.add %f, %b {id = 5} : !A
    %d = mpt.dot_general %a, %w1 contract [1] x [0] {id = 6} : !A, tensor<16x8xf32> -> !X
    %y = mpt.dot_general %d, %w2 contract [1] x [0] {id = 7} : !X, tensor<8x8xf32> -> !X
    return %y : !X
  }
}
