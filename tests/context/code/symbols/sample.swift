import Foundation
import UIKit.UIView

typealias Prices = [String: Int]

let limit = 10

/// What has a price – größer.
///
/// Always.
protocol Priced {
    var price: Int { get }
    func discount(by percent: Int) -> Int
}

struct Item: Priced, Codable {
    let name: String
    var price: Int

    func discount(by percent: Int) -> Int {
        return max(0, price - percent)
    }
}

enum State: String {
    case open
    case paid = "bezahlt"
}

// A basket.
final class Basket<T: Priced>: Container {
    private var items: [T] = []
    var total: Int {
        items.reduce(0) { $0 + $1.price }
    }

    init(log: Logger) {
        super.init()
        log.info("é")
    }

    @discardableResult
    func add(
        _ item: T
    ) throws -> Bool {
        let before = items.count
        guard before < limit else { throw ShopError.full(before) }
        items.append(item)
        return true
    }
}

extension Basket {
    func first() -> T? { items.first }
}

func main() {
    let basket = Basket<Item>(log: Logger(name: "main"))
    try? basket.add(Item(name: "a", price: 1))
}
