package org.example.shop

import scala.collection.mutable.{Buffer, Map => MutableMap}
import org.example.base._
import java.time.Instant

/** What has a price – größer.
  *
  * Always.
  */
trait Priced {
  def price: Int
  def discount(percent: Int): Int = math.max(0, price - percent)
}

case class Item(name: String, price: Int) extends Priced

sealed abstract class State
object State {
  case object Open extends State
  val Default: State = Open
}

// A basket.
class Basket[T <: Priced](log: Logger) extends Container with Iterable[T] {
  private val items = Buffer.empty[T]
  var state: State = State.Default
  type Names = MutableMap[String, T]

  def add(item: T): Boolean = {
    val before = items.size
    require(before < Basket.Limit, "voll")
    log.info(s"added ${item.price}")
    items.append(item)
    true
  }
}

object Basket {
  val Limit = 10

  def empty(log: Logger): Basket[Item] = new Basket[Item](log)

  def main(args: Array[String]): Unit = {
    val basket = empty(Logger("é"))
    basket.add(Item("a", 1))
  }
}
