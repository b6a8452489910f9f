"""Texts in three languages with blank lines wherever possible: nested classes, decorators, comments."""

PYTHON = '''import os

@dec(1)

@other
class A(Base, Mixin):

    """Says A."""

    size = 1
    size = 2

    # About f.
    @prop

    def f(self, a):
        """Says f."""

        x = g(a)

        def inner():

            return y

        # ends

    NAME: int = 3

    class B:

        NAME = 2

        def m(self): return self.n()

        y = {

            'a': f(1),

            'b': 2,
        }


    def f(self):

        if a:

            b = 1

        else:

            c = h(b)
        # trailing

    # alone

    z = 1


def after(): return A()
'''
TYPESCRIPT = """import { a, b } from "x";

/** Says A. */
@Dec({

  a: 1,
})
export class A<T> extends Base<T> implements I {

  size = 1;

  private f = (a: T) => {

    const x = g(a);

    return x;
  };

  // about m
  m(a: string): Foo {

    function inner() {

      return b();
    }

    return new Foo(a);
  }

  /* ends */
}

namespace N {

  export const Q = 1;

  export interface I {

    x: number;

    y(): void;
  }
}

const t = {

  a: f(1),

  b: { c: 2 },
};
"""
JAVA = """package a;

import java.util.List;

/** Says A. */
@Ann(

  x = 1
)
public class A extends B implements C {

  private int size = 1;

  // About f.
  @Override

  public int f(List<String> a) {

    int x = g(a);

    Runnable r = () -> {

      h();
    };

    return x;
  }

  enum E {

    ONE,

    TWO;

    void k() { }
  }

  static class In {

    int size;

    In() {

      super();
    }
  }
}
"""
TEXTS = {"py": PYTHON, "ts": TYPESCRIPT, "java": JAVA}
