;; Passes over bytes of logs, 16 at a time: from JavaScript nothing else reaches the processor's instructions for that.
;; `npm run wasm` makes skim-module.ts of it; skimmed-bytes.ts lays out the memory, writes what is searched for, and calls it.
;; Everything may read up to 16 bytes beyond what it is asked about.
(module
  (import "js" "memory" (memory 1))

  ;; What is searched for, by address:
  ;;   0  what a line begins with that begins a record, its first 16 bytes at most; then 16 bytes, 0xff for each of these
  ;;  32  how many these are
  ;;  36  the length of the date's text, 0 where dates do not matter
  ;;  48  the text of the date, 16 bytes; then 16 bytes, 0xff for each byte that is part of it
  ;;  80  the four words of the hash's key
  ;;  96  offset of the byte at address 0 in the object, as a double
  ;; 104  records whose hash is above this are passed over, as a double
  ;; 112  how many of them at most
  ;; 116  the longest record, in bytes
  ;; 120  answered by `pass`: how many it passed over
  ;; 128  the first 16 bytes of a text that `findText` looks for; then 16 bytes, 0xff for each of these
  ;; 160  its length
  ;; 256  for each byte: 1 if it goes on with a time, 2 if an offset from UTC can begin with it

  (func (export "countNewlines") (param $at i32) (param $end i32) (result i32)
    (local $count i32) (local $found i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_s (local.get $at) (local.get $end)))
        (local.set $found
          (i8x16.bitmask (i8x16.eq (v128.load (local.get $at)) (i8x16.splat (i32.const 10)))))
        (if (i32.lt_s (i32.sub (local.get $end) (local.get $at)) (i32.const 16))
          (then
            (local.set $found
              (i32.and (local.get $found)
                (i32.sub
                  (i32.shl (i32.const 1) (i32.sub (local.get $end) (local.get $at)))
                  (i32.const 1))))))
        (local.set $count (i32.add (local.get $count) (i32.popcnt (local.get $found))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next)))
    (local.get $count))

  ;; Whether all 16 bytes at $at are as in $text, as far as $mask goes.
  (func $same (param $at i32) (param $text v128) (param $mask v128) (result i32)
    (i32.eqz
      (v128.any_true
        (v128.and (v128.xor (v128.load (local.get $at)) (local.get $text)) (local.get $mask)))))

  ;; The first line that begins a record and lies behind a newline at or after $at; -1 if none does for sure before $end.
  (func $nextStart (export "nextStart") (param $at i32) (param $end i32) (result i32)
    (local $prefix v128) (local $mask v128) (local $first v128) (local $any v128)
    (local $last i32) (local $found i32) (local $line i32)
    (local.set $prefix (v128.load (i32.const 0)))
    (local.set $mask (v128.load (i32.const 16)))
    ;; most newlines are ruled out by the byte behind them, where there is one to go by
    (local.set $first (i8x16.splat (i32.load8_u (i32.const 0))))
    (local.set $any (i8x16.splat (i32.eqz (i32.load (i32.const 32)))))
    (local.set $any (i8x16.ne (local.get $any) (v128.const i64x2 0 0)))
    (local.set $last (i32.sub (local.get $end) (i32.load (i32.const 32))))
    (loop $sixteen
      (if (i32.ge_s (local.get $at) (local.get $last))
        (then (return (i32.const -1))))
      (local.set $found
        (i8x16.bitmask
          (v128.and
            (i8x16.eq (v128.load (local.get $at)) (i8x16.splat (i32.const 10)))
            (v128.or
              (local.get $any)
              (i8x16.eq (v128.load offset=1 (local.get $at)) (local.get $first))))))
      (block $none
        (loop $each
          (br_if $none (i32.eqz (local.get $found)))
          (local.set $line
            (i32.add (i32.add (local.get $at) (i32.ctz (local.get $found))) (i32.const 1)))
          (if (i32.gt_s (local.get $line) (local.get $last))
            (then (return (i32.const -1))))
          (if (call $same (local.get $line) (local.get $prefix) (local.get $mask))
            (then (return (local.get $line))))
          ;; without its lowest bit
          (local.set $found
            (i32.and (local.get $found) (i32.sub (local.get $found) (i32.const 1))))
          (br $each)))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br $sixteen))
    (unreachable))

  ;; Where the text is first, within bytes from $at to $end, as far as its first 16 bytes go; -1 where it is not.
  (func (export "findText") (param $at i32) (param $end i32) (result i32)
    (local $text v128) (local $mask v128) (local $first v128) (local $second v128)
    (local $last i32) (local $found i32) (local $here i32)
    (local.set $text (v128.load (i32.const 128)))
    (local.set $mask (v128.load (i32.const 144)))
    (local.set $first (i8x16.splat (i32.load8_u (i32.const 128))))
    (local.set $second (i8x16.splat (i32.load8_u (i32.const 129))))
    (local.set $last (i32.sub (local.get $end) (i32.load (i32.const 160))))
    (loop $sixteen
      (if (i32.gt_s (local.get $at) (local.get $last))
        (then (return (i32.const -1))))
      (local.set $found
        (i8x16.bitmask
          (v128.and
            (i8x16.eq (v128.load (local.get $at)) (local.get $first))
            (i8x16.eq (v128.load offset=1 (local.get $at)) (local.get $second)))))
      (block $none
        (loop $each
          (br_if $none (i32.eqz (local.get $found)))
          (local.set $here (i32.add (local.get $at) (i32.ctz (local.get $found))))
          (if (i32.gt_s (local.get $here) (local.get $last))
            (then (return (i32.const -1))))
          (if (call $same (local.get $here) (local.get $text) (local.get $mask))
            (then (return (local.get $here))))
          (local.set $found
            (i32.and (local.get $found) (i32.sub (local.get $found) (i32.const 1))))
          (br $each)))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br $sixteen))
    (unreachable))

  ;; Where the byte is first, within bytes from $at to $end; -1 where it is not.
  (func (export "findByte") (param $at i32) (param $end i32) (param $byte i32) (result i32)
    (local $bytes v128) (local $found i32)
    (local.set $bytes (i8x16.splat (local.get $byte)))
    (loop $sixteen
      (if (i32.ge_s (local.get $at) (local.get $end))
        (then (return (i32.const -1))))
      (local.set $found
        (i8x16.bitmask (i8x16.eq (v128.load (local.get $at)) (local.get $bytes))))
      (if (local.get $found)
        (then
          (local.set $at (i32.add (local.get $at) (i32.ctz (local.get $found))))
          (return
            (select (local.get $at) (i32.const -1) (i32.lt_s (local.get $at) (local.get $end))))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br $sixteen))
    (unreachable))

  ;; Whether the record at $at, which ends at $end, has the date that is written, as DateReader (record-date.ts) sees it.
  (func $hasDate (param $at i32) (param $end i32) (result i32)
    (local $byte i32)
    (local.set $at (i32.add (local.get $at) (i32.load (i32.const 32))))
    (block $text
      (loop $blank
        (br_if $text (i32.ge_s (local.get $at) (local.get $end)))
        (local.set $byte (i32.load8_u (local.get $at)))
        (br_if $text
          (i32.and
            (i32.ne (local.get $byte) (i32.const 0x20))
            (i32.ne (local.get $byte) (i32.const 0x22))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $blank)))
    (if (i32.eqz
          (call $same (local.get $at) (v128.load (i32.const 48)) (v128.load (i32.const 64))))
      (then (return (i32.const 0))))
    (local.set $at (i32.add (local.get $at) (i32.load (i32.const 36))))
    (if (i32.ge_s (local.get $at) (local.get $end))
      (then (return (i32.const 0))))
    (loop $time
      (local.set $byte (i32.load8_u offset=256 (i32.load8_u (local.get $at))))
      (if (i32.ne (local.get $byte) (i32.const 1))
        (then (return (i32.ne (local.get $byte) (i32.const 2)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $time (i32.lt_s (local.get $at) (local.get $end))))
    (i32.const 1))

  (func $mix (param $x i32) (result i32)
    (local.set $x
      (i32.mul
        (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 16)))
        (i32.const 0x85ebca6b)))
    (local.set $x
      (i32.mul
        (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 13)))
        (i32.const 0xc2b2ae35)))
    (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 16))))

  ;; offsetHash (hash.ts) of the offset of the byte at $at.
  (func $hash (param $at i32) (result i64)
    (local $offset i64) (local $low i32) (local $high i32)
    (local.set $offset
      (i64.add
        (i64.trunc_sat_f64_s (f64.load (i32.const 96)))
        (i64.extend_i32_u (local.get $at))))
    (local.set $low
      (call $mix (i32.xor (i32.wrap_i64 (local.get $offset)) (i32.load (i32.const 80)))))
    (local.set $high
      (call $mix
        (i32.xor
          (i32.xor
            (i32.wrap_i64 (i64.shr_u (local.get $offset) (i64.const 32)))
            (local.get $low))
          (i32.load (i32.const 84)))))
    (local.set $low
      (call $mix
        (i32.xor (i32.add (local.get $low) (local.get $high)) (i32.load (i32.const 88)))))
    (local.set $high
      (call $mix
        (i32.xor (i32.xor (local.get $high) (local.get $low)) (i32.load (i32.const 92)))))
    (i64.or
      (i64.shl
        (i64.extend_i32_u (i32.shr_u (local.get $low) (i32.const 11)))
        (i64.const 32))
      (i64.extend_i32_u (local.get $high))))

  ;; Goes from record to record, beginning with the one at $at, as long as there is nothing about them but that they are one
  ;; more of this date: the first that is something else, or begins at $until or later, or does not end for sure before $end.
  (func (export "pass") (param $at i32) (param $until i32) (param $end i32) (result i32)
    (local $next i32) (local $passed i32)
    (block $other
      (loop $record
        (br_if $other (i32.ge_s (local.get $at) (local.get $until)))
        (br_if $other (i32.ge_u (local.get $passed) (i32.load (i32.const 112))))
        (br_if $other
          (i32.eqz (call $same (local.get $at) (v128.load (i32.const 0)) (v128.load (i32.const 16)))))
        (local.set $next (call $nextStart (local.get $at) (local.get $end)))
        (br_if $other (i32.lt_s (local.get $next) (i32.const 0)))
        (br_if $other
          (i32.gt_s (i32.sub (local.get $next) (local.get $at)) (i32.load (i32.const 116))))
        (if (i32.load (i32.const 36))
          (then
            (br_if $other (i32.eqz (call $hasDate (local.get $at) (local.get $next))))))
        (br_if $other
          (f64.le
            (f64.convert_i64_u (call $hash (local.get $at)))
            (f64.load (i32.const 104))))
        (local.set $passed (i32.add (local.get $passed) (i32.const 1)))
        (local.set $at (local.get $next))
        (br $record)))
    (i32.store (i32.const 120) (local.get $passed))
    (local.get $at))
)
