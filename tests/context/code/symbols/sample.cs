using System;
using System.Collections.Generic;
using static System.Math;
using Json = System.Text.Json.JsonSerializer;

namespace Shop.Orders
{
    /// <summary>An order – with größe.</summary>
    [Serializable]
    public class Order : Entity, IComparable<Order>
    {
        public const int Limit = 10;
        private readonly List<Line> lines = new();

        public Order(Customer customer)
        {
            Customer = customer ?? throw new ArgumentNullException(nameof(customer));
        }

        public Customer Customer { get; private set; }

        public decimal Total => lines.Sum(line => line.Price);

        public event EventHandler<Line> Added;

        // Adds a line.
        public void Add(
            Line line,
            int count = 1)
        {
            var before = Total;
            for (int i = 0; i < count; i++) lines.Add(Copy(line));
            Added?.Invoke(this, line);

            Line Copy(Line other)
            {
                return new Line(other.Price);
            }
        }

        public int CompareTo(Order other) => Max(0, Comparer<decimal>.Default.Compare(Total, other.Total));
    }

    public record Line(decimal Price);

    public interface IStore<T> where T : Entity
    {
        T? Find(Guid id);
    }

    public struct Point
    {
        public int X, Y;
    }

    public enum State { Open, Paid = 2 }

    public delegate void Changed(Order order);
}
