package org.example.shop;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.function.*;
import org.example.base.Entity;

/**
 * A basket of goods – größer, schneller.
 *
 * <p>Not for threads.
 */
@Deprecated
public class Basket<T extends Entity> extends Container implements Iterable<T> {
    public static final int LIMIT = 50;
    private final List<T> items;
    private int count, total;

    public Basket(List<T> items) {
        this.items = requireNonNull(items);
    }

    /** Adds one. */
    @Override
    public <R> R add(
            T item, Function<T, R> then) throws FullException {
        if (items.size() >= LIMIT) {
            throw new FullException("voll");
        }
        int before = count;
        items.add(item);
        return then.apply(item);
    }

    private static class FullException extends RuntimeException {
        FullException(String message) {
            super(message);
        }
    }

    enum State {
        OPEN,
        PAID;

        State next() {
            return State.PAID;
        }
    }
}

interface Priced {
    int FREE = 0;

    Money price(Currency currency);
}

record Money(long amount, Currency currency) {
    Money plus(Money other) {
        return new Money(amount + other.amount, currency);
    }
}

@interface Audited {
    String value() default "";
}
