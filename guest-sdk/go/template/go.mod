module __NAME__

go 1.27

require rondo v0.0.0

replace rondo => ./sdk
