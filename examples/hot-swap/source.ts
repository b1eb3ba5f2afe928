/**
 * The seed's own case: Fibonacci numbers as in cinpy's example, with fib(0) = fib(1) = 1. "C in Python",
 * http://www.cs.tut.fi/~ask/cinpy/
 */
export const FIB = `int fib(int x)
{
    if (x <= 1) return 1;
    return fib(x - 1)+fib(x - 2);
}
`
