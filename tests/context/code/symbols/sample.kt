package org.example.shop

import kotlin.math.max
import org.example.base.*
import org.example.log.Logger as Log

const val LIMIT = 10

typealias Prices = Map<String, Int>

/**
 * What has a price – größer.
 *
 * Always.
 */
interface Priced {
    val price: Int
    fun discount(percent: Int): Int
}

data class Item(val name: String, override val price: Int) : Priced {
    override fun discount(percent: Int): Int = max(0, price - percent)
}

enum class State {
    OPEN,
    PAID,
}

// A basket.
class Basket<T : Priced>(private val log: Log, size: Int) : Container(size) {
    private val items = mutableListOf<T>()
    var state: State = State.OPEN

    fun add(
        item: T,
    ): Boolean {
        val before = items.size
        check(before < LIMIT) { "voll" }
        log.info("added ${item.price}")
        return items.add(item)
    }

    companion object {
        fun empty(): Basket<Item> = Basket(Log.default(), 0)
    }
}

object Registry {
    fun find(name: String): Item? = null
}

fun String.slug(): String {
    return lowercase().replace("ü", "ue")
}

fun main() {
    val basket = Basket.empty()
    basket.add(Item("é".slug(), 1))
}
